// What stands beside a measure, in the reader's language, and at what a distance was measured.

const square = (unit) => `${unit}²`;

export function say(value, digits = 1, lang = "fr") {
  return new Intl.NumberFormat(lang === "en" ? "en-GB" : "fr-FR", { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);
}

// The function by which a tool of Cornerstone writes; `about(imageId)` tells what distances and values mean there.
export function lines(name, words, about) {
  const number = (value, digits) => say(value, digits, words.lang);
  return (data, target) => {
    const stats = data.cachedStats?.[target];
    if (!stats) return [];
    const { spacing, units } = about(target.replace(/^imageId:/, ""));
    // Ultrasound regions bring their own unit.
    const region = (stats.unit ?? stats.areaUnit ?? "").match(/^(\S+?)²? US Region/)?.[1];
    const unit = region ?? (spacing ? "mm" : "px");
    const remark = region ? "" : remarkOn(spacing, words);
    const values = units === "HU" ? words.hounsfield : units;
    const found = [];
    if (name === "length" && Number.isFinite(stats.length)) {
      found.push(`${number(stats.length, 1)} ${unit}`, remark);
    } else if ((name === "angle" || name === "cobb") && Number.isFinite(stats.angle)) {
      found.push(`${number(stats.angle, 1)}°`);
    } else if (name === "probe") {
      const value = Array.isArray(stats.value) ? stats.value.map((one) => number(one, 0)).join(" / ") : number(stats.value ?? NaN, Number.isInteger(stats.value) ? 0 : 2);
      found.push(`${value} ${values}`.trim());
    } else if (Number.isFinite(stats.area)) {
      found.push(`${number(stats.area, unit === "cm" ? 2 : 1)} ${square(unit)}`);
      if (Number.isFinite(stats.mean)) found.push(`${words.mean} ${number(stats.mean, 1)} ${values} · ${words.deviation} ${number(stats.stdDev, 1)}`);
      if (Number.isFinite(stats.min)) found.push(`${words.least} ${number(stats.min, 0)} · ${words.most} ${number(stats.max, 0)}`);
      found.push(remark);
    }
    return found.map((line) => line.trim()).filter(Boolean);
  };
}

export function remarkOn(spacing, words) {
  if (!spacing) return words.uncalibrated;
  return { detector: words.at_detector, film: words.at_film, calibrated: words.calibrated }[spacing.at] ?? "";
}
