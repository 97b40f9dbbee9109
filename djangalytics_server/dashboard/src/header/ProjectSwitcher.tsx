import { useQueryClient } from "@tanstack/react-query";
import { chooseProject } from "../api/project";
import type { Project, Session } from "../api/types";

/** The name of the project; a choice where the reader has several, by organisation. */
export function ProjectSwitcher({ session }: { session: Session }) {
  const client = useQueryClient();
  const { project, projects } = session;
  if (project === null) return null;
  if (projects.length < 2) return <span className="brand-project">{project.name}</span>;
  const choose = (id: number) => {
    chooseProject(id);
    void client.resetQueries();
  };
  const organisations = [...new Map(projects.map(({ organisation: o }) => [o.id, o])).values()];
  const options = (some: readonly Project[]) =>
    some.map(({ id, name }) => (
      <option key={id} value={id}>
        {name}
      </option>
    ));
  return (
    <select
      className="switcher"
      aria-label="Project"
      value={project.id}
      onChange={(event) => choose(Number(event.target.value))}
    >
      {organisations.length < 2
        ? options(projects)
        : organisations.map(({ id, name }) => (
            <optgroup key={id} label={name}>
              {options(projects.filter(({ organisation }) => organisation.id === id))}
            </optgroup>
          ))}
    </select>
  );
}
