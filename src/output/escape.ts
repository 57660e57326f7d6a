/**
 * Text of the user's (names, file contents, questions) made safe to show. Kubernetes names are tame, but imported objects, scenario
 * files and log files may hold anything. Characters that a reader cannot see, or that turn text around, become visible escapes.
 */

/** For a terminal: nothing that moves a cursor, nothing that reverses text. */
export const visible = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Cut to so many characters, so that no name fills a page. */
export const shortened = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`

/** For HTML, as element text and in quoted attributes. */
export const escapeHtml = (text: string): string => visible(text).replace(/[&<>"'`]/g, c => `&#${c.charCodeAt(0)};`)

/** For Markdown (CommonMark and GitHub's), within a line or a table cell; nothing in it becomes markup, HTML or a link. */
export const escapeMarkdown = (text: string): string =>
  visible(text)
    .replace(/[\\`*_[\]|~$<>&]/g, '\\$&')
    .replace(/:\/\//g, '&#58;//')
    .replace(/www\./gi, c => `${c.slice(0, 3)}&#46;`)
    .replace(/^([-+#=])/, '\\$1')
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2')
