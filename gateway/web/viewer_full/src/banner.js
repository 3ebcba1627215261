// Whose images these are: the identity a clinician must be sure of.

const at = (id) => document.getElementById(id);

export function day(iso, lang) {
  if (!iso) return "";
  const style = lang === "en" ? { day: "numeric", month: "short", year: "numeric" } : { day: "2-digit", month: "2-digit", year: "numeric" };
  return new Intl.DateTimeFormat(lang === "en" ? "en-GB" : "fr-FR", { ...style, timeZone: "UTC" }).format(new Date(`${iso}T00:00:00Z`));
}

export function introduce(exam, words) {
  const { patient, studies } = exam;
  at("patient-name").textContent = patient.name || words.no_name;
  const facts = [
    patient.birth_name && patient.birth_name !== patient.name ? `${words.birth_name} ${patient.birth_name}` : "",
    patient.used_name ? `${words.used_name} ${patient.used_name}` : "",
    { F: words.female, M: words.male }[patient.sex],
    patient.birth_date && `${words.born} ${day(patient.birth_date, words.lang)}`,
  ];
  at("patient-facts").textContent = facts.filter(Boolean).join(" · ");
  at("patient-ins").textContent = patient.ins ?? "";
  at("patient-ins").hidden = !patient.ins;
  at("patient-doubt").hidden = !patient.differs;
  for (const study of studies) study.date_told = study.date ? `${words.study_of} ${day(study.date, words.lang)} ${study.time ?? ""}`.trim() : "";
  at("study-description").textContent = studies[0].description;
  at("study-date").textContent = studies[0].date_told + (studies.length > 1 ? ` · ${words.studies.replace("{count}", studies.length)}` : "");
}
