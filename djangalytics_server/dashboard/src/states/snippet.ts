/** The lines that send a first event to the server this page came from. */

const USUAL = ["http://127.0.0.1:8000", "http://localhost:8000"];

/** `open`: the project takes events without a key. */
export function snippet(origin: string, open: boolean): { shell: string; python: string } {
  const settings = [
    ...(USUAL.includes(origin) ? [] : [`url="${origin}"`]),
    ...(open ? [] : ['write_key="djw_…"']),
  ];
  const usual = settings.length === 0;
  const lines = [
    usual ? "from djangalytics_client import track" : "from djangalytics_client import configure, track",
    ...(usual ? [] : [`configure(${settings.join(", ")})`]),
    'track("signup", {"plan": "pro"})',
  ];
  return { shell: "pip install djangalytics", python: lines.join("\n") };
}
