const body = document.querySelector("tbody");
const rows = [...body.rows];
const [filter, group, sort, count] = ["filter", "group", "sort", "count"].map((id) => document.getElementById(id));

/** The number by which a row is sorted, the largest first; rows without one come last. */
function score(row) {
  const text = sort.value === "mean" ? row.dataset.mean : row.cells[Number(sort.value) + 1].dataset.score;
  return text ? Number(text) : -Infinity;
}

function arrange() {
  const sorted = [...rows];
  if (sort.value === "name") sorted.sort((one, other) => one.dataset.name.localeCompare(other.dataset.name));
  else if (sort.value !== "order") sorted.sort((one, other) => score(other) - score(one));
  body.append(...sorted);
  const wanted = filter.value.trim().toLowerCase();
  let shown = 0;
  for (const row of rows) {
    const fits = row.dataset.name.toLowerCase().includes(wanted) && (!group.value || row.dataset.group === group.value);
    row.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  count.value = `${shown} of ${rows.length} rows`;
}

for (const tool of [filter, group, sort]) tool.addEventListener("input", arrange);
document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
arrange();
