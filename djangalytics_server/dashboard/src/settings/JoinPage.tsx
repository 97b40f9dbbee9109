import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { accept, lookAt, type Offer } from "../api/people";
import { forgetProject } from "../api/project";
import { Fault, Field } from "../capture/Field";
import { Header } from "../header/Header";
import { Skeleton } from "../panel/Skeleton";
import { CodeField } from "./CodeField";
import { SHORTEST_PASSWORD } from "./limits";
import { goTo, HOME_PATH } from "./place";
import { useChange, wordsFor } from "./useChange";
import { useCodeAsked } from "./useCodeAsked";

/** What an invitation's link opens; its token follows #, which browsers keep to themselves. */
export function JoinPage({ zone, now }: { zone: string; now: Date }) {
  const [token] = useState(() => window.location.hash.slice(1));
  const offer = useQuery({
    queryKey: ["offer", token],
    queryFn: () => lookAt(token),
    staleTime: Infinity,
  });
  return (
    <>
      <Header session={undefined} zone={zone} now={now} />
      <main id="main" tabIndex={-1}>
        <section className="panel sign-in" aria-labelledby="join-title" data-testid="join">
          {offer.data !== undefined && <JoinForm offer={offer.data} token={token} />}
          {offer.isPending && (
            <>
              <h2 id="join-title">Looking at your invitation…</h2>
              <Skeleton kind="list" />
            </>
          )}
          {offer.isError && (
            <>
              <h2 id="join-title">This invitation cannot be used</h2>
              <p role="alert">{wordsFor(offer.error)}</p>
            </>
          )}
        </section>
      </main>
    </>
  );
}

function JoinForm({ offer, token }: { offer: Offer; token: string }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const { asked, noticing } = useCodeAsked();
  const { busy, fault, change } = useChange();
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wish = { name: name.trim(), password, ...(asked && { code }) };
    if (await change(noticing(() => accept(token, wish)))) {
      forgetProject();
      goTo(HOME_PATH);
      await client.resetQueries();
    }
  };
  return (
    <>
      <h2 id="join-title">Join {offer.organisation}</h2>
      <p>
        {offer.invitedBy} invites <strong>{offer.email}</strong> as {offer.role}.
      </p>
      <form onSubmit={(event) => void submit(event)}>
        <input type="hidden" autoComplete="username" value={offer.email} readOnly />
        <Field id="join-name" label="Your name" fault={null}>
          <input
            id="join-name"
            type="text"
            autoComplete="name"
            required
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <Field
          id="join-password"
          label="Password"
          fault={null}
          hint={`${SHORTEST_PASSWORD} characters or more. If you have an account here under this address, give its password.`}
        >
          <input
            id="join-password"
            type="password"
            autoComplete="new-password"
            required
            minLength={SHORTEST_PASSWORD}
            maxLength={200}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </Field>
        {asked && <CodeField id="join-code" value={code} onChange={setCode} />}
        <div>
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? "Joining…" : "Join"}
          </button>
          <Fault id="join-fault" text={fault} />
        </div>
      </form>
    </>
  );
}
