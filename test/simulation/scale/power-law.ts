/** A measure that grows as `factor * acceptors^a * servers^b`. */
export interface PowerLaw {
  readonly factor: number;
  readonly acceptors: number;
  readonly servers: number;
}

export interface Point {
  readonly acceptors: number;
  readonly servers: number;
  /** Above 0. */
  readonly value: number;
}

/** Least squares over the logarithms. Needs points that differ in both. */
export function fitPowerLaw(points: readonly Point[]): PowerLaw {
  const rows = points.map(({ acceptors, servers }) => [1, Math.log(acceptors), Math.log(servers)]);
  const values = points.map(({ value }) => Math.log(value));
  const [constant = 0, a = 0, b = 0] = solve(rows, values);
  return { factor: Math.exp(constant), acceptors: a, servers: b };
}

/** The normal equations, by elimination. */
function solve(rows: readonly (readonly number[])[], values: readonly number[]): number[] {
  const size = rows[0]?.length ?? 0;
  const matrix = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => sum(rows.map((row) => (row[i] ?? 0) * (row[j] ?? 0)))),
    sum(rows.map((row, k) => (row[i] ?? 0) * (values[k] ?? 0))),
  ]);
  for (let i = 0; i < size; i++) {
    const pivot = matrix[i] as number[];
    for (let other = 0; other < size; other++) {
      if (other === i) continue;
      const row = matrix[other] as number[];
      const times = (row[i] as number) / (pivot[i] as number);
      for (let column = i; column <= size; column++)
        row[column] = (row[column] as number) - times * (pivot[column] as number);
    }
  }
  return matrix.map((row, i) => (row[size] as number) / (row[i] as number));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
