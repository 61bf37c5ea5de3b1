// Works from file://: no request to anywhere. Without it the page is whole, but for the search and the copying.
"use strict";

// Opened as it is, the pack speaks the first language of the browser that it has. A link to another language leaves a
// fragment, so whoever chose is not led away again; nothing is stored, which files may not do everywhere.
function speak() {
  const pages = [...document.querySelectorAll("link[rel=alternate]")];
  const page = (tag) => pages.find((one) => one.hreflang === tag.split("-")[0].toLowerCase());
  const here = page(document.documentElement.lang);
  if (location.hash || !here || here.getAttribute("href") !== "index.html") return;
  const wanted = (navigator.languages || [navigator.language]).map(page).find(Boolean);
  if (wanted && wanted !== here) location.replace(wanted.href);
}

function remembering() {
  for (const link of document.querySelectorAll(".languages a")) link.hash = link.hreflang;
}

// The same rules as the repository's own (metadata/arabic.py, metadata/analysis.py, api/packs.py), which made data.js.
const LETTERS = { "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ة": "ه", "ۃ": "ه", "ک": "ك", "ؤ": "و", "ئ": "ي", "ء": "" };
const LIGATURES = { "œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "đ": "d", "ł": "l", "ı": "i" };
const BETWEEN =
  /[\s\x1c-\x1f\x85\-!"'(),:;?[\]`{}\u00ab\u00b4\u00bb\u02b9-\u02bf\u02c8\u055a\u05f3\u05f4\u060c\u061b\u061f\u06d4\u2010-\u201f\u2032-\u2037\u2039\u203a\u275b-\u275e\u301d-\u301f\ua78c]+/g;
const DROPPED = /(?=[\u0600-\u06ff\u0750-\u077f\u0870-\u08ff])\p{Mn}|\p{Cf}|\u0640/gu;

function fold(text) {
  const plain = text
    .normalize("NFKC")
    .replace(DROPPED, "")
    .replace(/[أإآٱىیةۃکؤئء]/g, (letter) => LETTERS[letter])
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.codePointAt(0) & 15))
    .toLowerCase()
    .normalize("NFKC")
    .replace(/[œæßøđłı]/g, (letter) => LIGATURES[letter]);
  const bare = plain.normalize("NFD").replace(/[\u0300-\u036f]/g, "").normalize("NFC");
  return bare.replace(BETWEEN, " ").replace(/^ +| +$/g, "");
}

// What is looked for. Single Latin letters are not: an elided article (l'eau) stands before words that lack it elsewhere.
function asked(text) {
  return fold(text).split(" ").filter((word) => word && !/^[a-z]$/.test(word));
}

// Every word must be there; with the article where the text has none, too. Folded, الماء is as short as الما.
function found(text, words) {
  return words.every((word) => text.includes(word) || (/^ال../.test(word) && text.includes(word.slice(2))));
}

function search() {
  const form = document.getElementById("search");
  if (!form || typeof packTexts === "undefined") return;
  const input = document.getElementById("words");
  const status = document.getElementById("shown");
  const items = [...document.querySelectorAll(".item")];
  const show = () => {
    const words = asked(input.value);
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

speak();
document.addEventListener("DOMContentLoaded", () => {
  remembering();
  search();
  copying();
});
