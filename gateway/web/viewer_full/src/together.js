// Which image of another stack goes with one: the nearest along the same axis, else as many steps on.

import * as dicom from "./dicom.js";

const placeOf = (exam, key) => {
  const [series, instance, frame] = key.split("/").map(Number);
  const item = exam.item(series, instance);
  return { ...dicom.plane(item, frame), space: dicom.frameOfReference(item) };
};
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export function nearest(exam, leader, follower, steps) {
  const lead = placeOf(exam, leader.key);
  const here = placeOf(exam, follower.key);
  const same = lead.space && lead.space === here.space && lead.position && here.position;
  if (!same) return follower.index + steps;
  const normal = cross(here.along, here.down);
  if (Math.abs(dot(normal, cross(lead.along, lead.down))) < 0.9) return follower.index;
  const wanted = dot(normal, lead.position);
  let best = follower.index;
  let least = Infinity;
  follower.keys.forEach((key, index) => {
    const { position } = placeOf(exam, key);
    const distance = position ? Math.abs(dot(normal, position) - wanted) : Infinity;
    if (distance < least) [best, least] = [index, distance];
  });
  return best;
}
