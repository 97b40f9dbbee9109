import { Component, type ReactNode } from "react";

interface Props {
  title: string;
  children: ReactNode;
}

/** Keeps a fault in one panel from taking the page down. */
export class Boundary extends Component<Props, { fault: Error | null }> {
  override state: { fault: Error | null } = { fault: null };

  static getDerivedStateFromError(fault: unknown) {
    return { fault: fault instanceof Error ? fault : new Error(String(fault)) };
  }

  override render() {
    const { fault } = this.state;
    if (fault === null) return this.props.children;
    return (
      <div className="quiet" role="alert">
        <p>
          <strong>{this.props.title} could not be drawn.</strong> The rest of the page is not
          affected.
        </p>
        <p className="mono small">{fault.message}</p>
        <button type="button" className="button" onClick={() => this.setState({ fault: null })}>
          Draw it again
        </button>
      </div>
    );
  }
}
