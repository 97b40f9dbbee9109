import { useState } from "react";
import { Problem } from "../api/failure";

/** Whether the server asked for the code of a second factor: `noticing` wraps what it may refuse. */
export function useCodeAsked() {
  const [asked, setAsked] = useState(false);
  const noticing = (make: () => Promise<void>) => async () => {
    try {
      await make();
    } catch (failure) {
      if (failure instanceof Problem && failure.code === "second_factor_required") setAsked(true);
      throw failure;
    }
  };
  return { asked, noticing };
}
