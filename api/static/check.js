// A check goes on in another process: look now and then, say how far it has come, and show the report when it is there.
"use strict";
const progress = document.getElementById("progress");

async function look() {
  try {
    const answer = await fetch(progress.dataset.path, { headers: { Accept: "text/html" } });
    if (answer.status >= 500 || answer.status === 429) throw new Error(answer.statusText); // the server starts anew
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.getElementById("progress")) return location.reload();
    for (const name of ["state", "count"]) {
      const [shown, now] = [document.getElementById(name), page.getElementById(name)];
      if (now.textContent !== shown.textContent) shown.textContent = now.textContent;
    }
  } catch {
    // The line is gone for a moment, or the server.
  }
  setTimeout(look, 2000);
}

setTimeout(look, 1000);
