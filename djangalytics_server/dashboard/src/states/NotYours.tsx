import { useQueryClient } from "@tanstack/react-query";
import { chooseProject } from "../api/project";
import type { Session } from "../api/types";

/** Somebody is signed in, and the address names a project that is not theirs or not there. */
export function NotYours({ session }: { session: Session }) {
  const client = useQueryClient();
  const open = (id: number) => {
    chooseProject(id);
    void client.resetQueries();
  };
  return (
    <section className="panel nothing" aria-labelledby="not-yours-title" data-testid="not-yours">
      <h2 id="not-yours-title">This project is not here</h2>
      <p>
        It was deleted, or it belongs to an organisation that you are not in. If somebody gave you
        its address, ask them to invite you.
      </p>
      <div className="nothing-ways">
        {session.projects.map(({ id, name }) => (
          <button key={id} type="button" className="button" onClick={() => open(id)}>
            Open {name}
          </button>
        ))}
      </div>
    </section>
  );
}
