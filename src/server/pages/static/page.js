// What all pages share. Pages work without it; parts of a page are in modules of their own.

/** Shows moments (`<time datetime>`) in the words of the visitor. */
function localTimes(root) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.getTime())) {
      time.title = time.dateTime;
      time.textContent = format.format(moment);
    }
  }
}

/** Asks before a form with `data-confirm` is sent. */
function askBefore(event) {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
  }
}

/** Copies the text of an element: `<button data-copy="ID">`. */
async function copyText(event) {
  const button = event.target.closest?.("button[data-copy]");
  const source = button && document.getElementById(button.dataset.copy);
  if (!source) return;
  const text = source.value ?? source.textContent;
  try {
    await navigator.clipboard.writeText(text.trim());
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 2000);
  } catch {
    source.select?.();
  }
}

/** Shows what was typed into fields for passwords: `<button data-reveal="ID ID" aria-pressed="false">`. */
function reveal(event) {
  const button = event.target.closest?.("button[data-reveal]");
  if (!button) return;
  const shown = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(shown));
  for (const id of button.dataset.reveal.split(" ")) {
    const field = document.getElementById(id);
    if (field) field.type = shown ? "text" : "password";
  }
}

document.documentElement.classList.add("scripted");
localTimes(document);
document.addEventListener("submit", askBefore);
document.addEventListener("click", copyText);
document.addEventListener("click", reveal);

export { localTimes };
