/** The `rel="next"` target of an RFC 8288 Link header as path and query; null when there is none. */
export function nextLink(header: string | null): string | null {
  if (header === null) return null;
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>([^<]*)/g)) {
    const [, quoted, bare] = /;\s*rel=(?:"([^"]*)"|([\w-]+))/i.exec(parameters ?? "") ?? [];
    const relations = (quoted ?? bare ?? "").toLowerCase().split(/\s+/);
    if (target === undefined || !relations.includes("next")) continue;
    // Only the path is kept: the next page is always asked of the server the page came from.
    const url = new URL(target, "http://same.invalid");
    return url.pathname + url.search;
  }
  return null;
}
