// The CSRF token that every write needs.

// Read the cookie for each request, because a new login changes it. The result is "" if the browser
// blocks cookies. Then the server requires no token.
export function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}
