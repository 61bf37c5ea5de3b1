// Works from file://: no request to anywhere. Without it the page is whole, but for the search and the copying.
"use strict";

// The same rules as the repository's own (metadata/arabic.py), which made the texts of data.js.
const LETTERS = { "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ة": "ه", "ۃ": "ه", "ک": "ك", "ؤ": "و", "ئ": "ي", "ء": "" };
const DROPPED = /(?=[\u0600-\u06ff\u0750-\u077f\u0870-\u08ff])\p{Mn}|\p{Cf}|\u0640/gu;

function fold(text) {
  const plain = text
    .normalize("NFKC")
    .replace(DROPPED, "")
    .replace(/[أإآٱىیةۃکؤئء]/g, (letter) => LETTERS[letter])
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.codePointAt(0) & 15))
    .toLowerCase();
  return plain.normalize("NFKC");
}

// Every word must be there; with the article where the text has none, too.
function found(text, words) {
  return words.every((word) => text.includes(word) || (/^ال..../.test(word) && text.includes(word.slice(2))));
}

function search() {
  const form = document.getElementById("search");
  if (!form || typeof packTexts === "undefined") return;
  const input = document.getElementById("words");
  const status = document.getElementById("shown");
  const items = [...document.querySelectorAll(".item")];
  const show = () => {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of items) {
      const here = found(packTexts[item.dataset.id] || "", words);
      item.hidden = !here;
      count += here;
    }
    for (const unit of document.querySelectorAll(".unit")) {
      unit.hidden = words.length > 0 && !unit.querySelector(".item:not([hidden])");
    }
    for (const contents of document.querySelectorAll(".contents")) contents.hidden = words.length > 0;
    const { shown, none } = status.dataset;
    status.textContent = !words.length ? "" : count ? shown.replace("{shown}", count).replace("{total}", items.length) : none;
  };
  input.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    setTimeout(show);
    input.focus();
  });
  form.hidden = false;
  show();
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function copying() {
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (!(await copied(button.dataset.text))) return;
      button.focus();
      const status = button.parentElement.querySelector("[role=status]");
      status.textContent = button.dataset.done;
      setTimeout(() => (status.textContent = ""), 4000);
    });
  }
}

search();
copying();
