/**
 * Ruby's File.fnmatch with FNM_PATHNAME, as GitHub uses it: `**` followed by a slash crosses folders, `*` never does,
 * and neither meets a leading dot.
 */
export function fnmatch(pattern: string, path: string): boolean {
  const source = pattern
    .split("/")
    .map((segment, i, all) => {
      if (segment === "**" && i < all.length - 1) return "(?:(?!\\.)[^/]+/)*";
      const text = segment
        .replace(/[.+^${}()|]/g, "\\$&")
        .replace(/\*+/g, "[^/]*")
        .replace(/\?/g, "[^/]");
      return `${/^[*?]/.test(segment) ? "(?!\\.)" : ""}${text}${i < all.length - 1 ? "/" : ""}`;
    })
    .join("");
  return new RegExp(`^${source}$`).test(path);
}
