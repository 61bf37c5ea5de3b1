// What pages can do without this they can do here a little sooner. Nothing needs it.
const told = document.getElementById("heard");

function tell(words) {
  if (told) told.textContent = words;
}

// ── Copying ──────────────────────────────────────────────────────────────────────────────────────
async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  const label = button.querySelector("span");
  const before = label.textContent;
  const { text } = button.dataset; // what is shown as links, with its addresses
  if (!await (text ? copied(text, field.innerHTML) : copied(field.value))) {
    field.select?.(); // the reader's own keys copy what is selected
    return;
  }
  label.textContent = button.dataset.done;
  tell(button.dataset.done);
  setTimeout(() => { label.textContent = before; }, 2000);
}

async function copied(text, html) {
  try {
    const forms = { "text/plain": text, ...(html && { "text/html": html }) };
    const blobs = Object.entries(forms).map(([type, words]) => [type, new Blob([words], { type })]);
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
    return true;
  } catch { // no clipboard without https
    const [area, before] = [document.createElement("textarea"), document.activeElement];
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus({ preventScroll: true });
    return done;
  }
}

// ── Search without reloading ─────────────────────────────────────────────────────────────────────
let asking = null;

async function swap(address, { push = true } = {}) {
  const live = document.querySelector("[data-live]");
  if (!live) return location.assign(address);
  asking?.abort();
  asking = new AbortController();
  live.classList.add("searching");
  live.setAttribute("aria-busy", "true");
  let page;
  try {
    const answer = await fetch(address, { signal: asking.signal, headers: { Accept: "text/html" } });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
    return;
  }
  const fresh = page.querySelector("[data-live]");
  if (!fresh) return location.assign(address);
  const open = new Set([...live.querySelectorAll("details.facet[open] > summary")].map((one) => one.textContent));
  live.replaceWith(fresh);
  for (const facet of fresh.querySelectorAll("details.facet")) {
    if (open.has(facet.firstElementChild.textContent)) facet.open = true;
  }
  const languages = page.querySelector("nav.languages"); // they lead to the same question
  if (languages) document.querySelector("nav.languages")?.replaceWith(languages);
  document.title = page.title;
  if (push) history.pushState({ swapped: true }, "", address);
  shown = location.pathname + location.search;
  prepare(fresh);
  const total = fresh.querySelector("#total");
  total?.focus({ preventScroll: true });
  if (total) tell(total.textContent);
  if (push && fresh.getBoundingClientRect().top < 0) fresh.scrollIntoView();
}

// ── Completions while a question is typed (ARIA combobox) ────────────────────────────────────────
const WAIT = 150; // milliseconds

function completing(input) {
  const list = document.createElement("ul");
  const id = `${input.id}-suggestions`;
  let timer = 0, at = -1, last = "", request = null;
  list.id = id;
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.hidden = true;
  input.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", id]]) input.setAttribute(name, value);
  list.setAttribute("aria-label", input.labels[0]?.textContent ?? "");

  const close = () => { list.hidden = true; at = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const mark = (next) => {
    const options = list.children;
    if (!options.length) return;
    options[at]?.setAttribute("aria-selected", "false");
    at = (next + options.length) % options.length;
    options[at].setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", options[at].id);
  };
  const take = (option) => {
    if (option.dataset.url) return location.assign(option.dataset.url);
    input.value = option.dataset.text;
    close();
    input.form.requestSubmit();
  };
  const show = (found) => {
    const rows = [
      ...found.texts.slice(0, 6).map((one) => ({ text: one.text })),
      ...found.resources.slice(0, 4).map((one) => ({ text: one.title, url: one.url, lang: one.lang })),
    ];
    list.replaceChildren(...rows.map((row, number) => {
      const option = document.createElement("li");
      option.id = `${id}-${number}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      const words = document.createElement("bdi");
      words.textContent = row.text;
      if (row.lang && row.lang !== "und") words.lang = row.lang;
      option.append(words);
      option.dataset.text = row.text;
      if (row.url) option.dataset.url = new URL(row.url).pathname + location.search.replace(/^.*?(?:[?&](lang=\w+).*)?$/, (_, lang) => (lang ? `?${lang}` : ""));
      option.addEventListener("mousedown", (event) => { event.preventDefault(); take(option); });
      return option;
    }));
    at = -1;
    list.hidden = !rows.length;
    input.setAttribute("aria-expanded", String(rows.length > 0));
  };
  const ask = async () => {
    const text = input.value.trim();
    if (text === last) return;
    last = text;
    request?.abort();
    if (text.length < 2) return close();
    request = new AbortController();
    try {
      const answer = await fetch(`${input.dataset.suggest.split("?")[0]}?q=${encodeURIComponent(text)}`, { signal: request.signal });
      if (answer.ok && document.activeElement === input) show(await answer.json());
    } catch { /* the next letter asks again */ }
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, WAIT); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) { event.preventDefault(); return close(); }
    if (list.hidden) return;
    if (event.key === "ArrowDown") { event.preventDefault(); mark(at + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); mark(at - 1); }
    else if (event.key === "Enter" && at >= 0) { event.preventDefault(); take(list.children[at]); }
  });
}

// ── A picture as large as the window ─────────────────────────────────────────────────────────────
function zoom(link) {
  const dialog = document.createElement("dialog");
  const button = document.createElement("button");
  const picture = link.querySelector("img").cloneNode();
  button.className = "button second";
  button.textContent = link.dataset.zoom;
  button.autofocus = true;
  button.addEventListener("click", () => dialog.close());
  picture.src = link.href;
  picture.removeAttribute("width");
  picture.removeAttribute("height");
  dialog.setAttribute("aria-label", picture.alt);
  dialog.append(button, picture);
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  document.body.append(dialog);
  dialog.showModal();
}

// ── Filters stand open only where there is room for them ─────────────────────────────────────────
function prepare(root) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
  for (const input of root.querySelectorAll("input[data-suggest]")) completing(input);
  const filters = root.querySelector("details.filters");
  if (filters && matchMedia("(max-width: 57.99rem)").matches) filters.open = false;
  for (const select of root.querySelectorAll("form[data-submits] select")) select.addEventListener("change", () => select.form.requestSubmit());
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const button = event.target.closest("[data-copy]");
  if (button) return copy(button);
  const zoomed = event.target.closest("a[data-zoom]");
  if (zoomed) { event.preventDefault(); return zoom(zoomed); }
  const link = event.target.closest("a[data-swap]");
  if (link && document.querySelector("[data-live]")) { event.preventDefault(); swap(link.href); }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-live] form.finder")) return;
  event.preventDefault();
  const asked = new URLSearchParams(new FormData(form));
  swap(`${form.action.split("?")[0]}?${asked}`);
});

let shown = location.pathname + location.search; // a place on the page is no other question
addEventListener("popstate", () => {
  const asked = location.pathname + location.search;
  if (asked !== shown && document.querySelector("[data-live]")) swap(location.href, { push: false });
  shown = asked;
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    const input = document.querySelector(".finder input[type=search]");
    if (input) { event.preventDefault(); input.focus(); input.select(); }
    return;
  }
  const inList = event.target.closest?.(".hits, .cards");
  if (!inList || event.ctrlKey || event.metaKey || event.altKey || !["j", "k"].includes(event.key)) return;
  const links = [...inList.querySelectorAll("h2 > a, h3 > a")];
  const now = links.indexOf(event.target.closest("h2 > a, h3 > a"));
  links[now + (event.key === "j" ? 1 : -1)]?.focus();
});

prepare(document);
