/** The lines that send a first event to the server this page came from. */

const USUAL = ["http://127.0.0.1:8000", "http://localhost:8000"];

export function snippet(origin: string): { shell: string; python: string } {
  const usual = USUAL.includes(origin);
  const lines = [
    usual ? "from djangalytics_client import track" : "from djangalytics_client import configure, track",
    ...(usual ? [] : [`configure(url="${origin}")`]),
    'track("signup", {"plan": "pro"})',
  ];
  return { shell: "pip install djangalytics", python: lines.join("\n") };
}
