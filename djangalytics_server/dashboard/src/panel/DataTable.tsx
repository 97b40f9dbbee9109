import type { ReactNode } from "react";

interface Props {
  caption: string;
  columns: readonly string[];
  /** The first cell of each row names it. */
  rows: readonly { key: string; cells: readonly ReactNode[] }[];
}

/** Numbers in rows, in a box that scrolls on its own and can be reached by keyboard. */
export function DataTable({ caption, columns, rows }: Props) {
  return (
    <div className="table-box" role="region" aria-label={`${caption}, table`} tabIndex={0}>
      <table>
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={index} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells: [head, ...rest] }) => (
            <tr key={key}>
              <th scope="row">{head}</th>
              {rest.map((cell, index) => (
                <td key={index}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
