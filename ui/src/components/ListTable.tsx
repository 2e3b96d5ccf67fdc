export interface ListColumn<T> {
  title: string;
  render: (row: T) => React.ReactNode;
  /** What names the row. */
  heads?: boolean;
  /** A figure: at the end of its cell. */
  figure?: boolean;
  hint?: string;
}

/** A short list as a table, whole on the page. For long ones there is `DataGrid`. */
export function ListTable<T>({ label, columns, rows, rowKey }: {
  label: string; columns: readonly ListColumn<T>[]; rows: readonly T[]; rowKey: (row: T) => React.Key;
}) {
  return (
    <div className="scroll-x">
      <table className="plain-table">
        <caption className="sr-only">{label}</caption>
        <thead>
          <tr>
            {columns.map((column) => <th key={column.title} scope="col" title={column.hint} className={column.figure ? "end" : undefined}>{column.title}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                column.heads
                  ? <th key={column.title} scope="row">{column.render(row)}</th>
                  : <td key={column.title} className={column.figure ? "end num" : undefined}>{column.render(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
