// Whose images these are, and of which examination.

const at = (id) => document.getElementById(id);

function day(iso, words) {
  if (!iso) return "";
  const style = words.lang === "en" ? { day: "numeric", month: "short", year: "numeric" } : { day: "2-digit", month: "2-digit", year: "numeric" };
  return new Intl.DateTimeFormat(words.lang === "en" ? "en-GB" : "fr-FR", { ...style, timeZone: "UTC" }).format(new Date(`${iso}T00:00:00Z`));
}

export function introduce({ patient, study }, words) {
  at("patient-name").textContent = patient.name || words.no_name;
  const sex = { F: words.female, M: words.male }[patient.sex];
  const born = patient.birth_date && `${words.born} ${day(patient.birth_date, words)}`;
  const birthName = patient.birth_name && patient.birth_name !== patient.name && `${words.birth_name} ${patient.birth_name}`;
  const usedName = patient.used_name && `${words.used_name} ${patient.used_name}`;
  at("patient-facts").textContent = [birthName, usedName, sex, born].filter(Boolean).join(" · ");
  at("patient-ins").textContent = patient.ins;
  at("patient-ins").hidden = !patient.ins;
  at("patient-doubt").hidden = !patient.differs;
  at("study-description").textContent = study.description;
  at("study-date").textContent = study.date ? `${words.study_of} ${day(study.date, words)} ${study.time}`.trim() : "";
}
