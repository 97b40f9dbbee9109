/** The lines that send a first event to the server this page came from. */

const USUAL = ["http://127.0.0.1:8000", "http://localhost:8000"];

export function snippet(origin: string): { shell: string; python: string } {
  const install = "pip install djangalytics";
  const shell = USUAL.includes(origin)
    ? install
    : `${install}\nexport DJANGALYTICS_URL=${origin}`;
  const python = `from djangalytics_client import track

track("signup", {"plan": "pro"})`;
  return { shell, python };
}
