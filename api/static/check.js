// A check goes on in another process: look now and then, say how far it has come, and show the report when it is there.
"use strict";
const progress = document.getElementById("progress");

async function look() {
  try {
    const answer = await fetch(progress.dataset.path, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("progress");
    if (!now) return location.reload();
    if (now.textContent !== progress.textContent) progress.textContent = now.textContent;
  } catch {
    // The line is gone for a moment.
  }
  setTimeout(look, 2000);
}

setTimeout(look, 1000);
