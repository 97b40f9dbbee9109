import { describeFailure } from "../api/failure";
import { Icon } from "../icons/Icon";
import { clockTime } from "../zone/format";

interface Props {
  failure: Error | null;
  /** When the numbers still shown were answered, in milliseconds; 0 when there are none. */
  lastGood: number;
}

/** What went wrong, what to do, and how old the numbers below are. Goes by itself when it is over. */
export function Banner({ failure, lastGood }: Props) {
  if (failure === null) return null;
  const { title, advice, reference } = describeFailure(failure);
  return (
    <div className="banner" role="alert" data-testid="banner">
      <Icon name="alert" />
      <div>
        <p>
          <strong>{title}</strong> {advice}
        </p>
        {reference !== null && <p className="small mono">{reference}</p>}
        {lastGood > 0 && (
          <p className="small">Below is what was last answered, at {clockTime(new Date(lastGood))}.</p>
        )}
      </div>
    </div>
  );
}
