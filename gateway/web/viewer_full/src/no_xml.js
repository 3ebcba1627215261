// Stands where vtk.js imports a writer of XML. Nothing here writes XML.

export function create() {
  throw new Error("the full viewer writes no XML");
}
