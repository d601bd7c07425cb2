/** What happens next: events in order of time, those of the same time in the order in which they were added. */
export class EventQueue<Event> {
  readonly #heap: { readonly at: number; readonly order: number; readonly event: Event }[] = [];
  #added = 0;

  add(at: number, event: Event): void {
    const heap = this.#heap;
    heap.push({ at, order: this.#added++, event });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.#precedes(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  /** The earliest event and its time, taken out; undefined when nothing will happen any more. */
  next(): { readonly at: number; readonly event: Event } | undefined {
    const heap = this.#heap;
    if (heap.length === 0) return undefined;
    this.#swap(0, heap.length - 1);
    const first = heap.pop();
    for (let i = 0; ; ) {
      const child = this.#earlierChild(i);
      if (child >= heap.length || !this.#precedes(child, i)) return first;
      this.#swap(i, child);
      i = child;
    }
  }

  #earlierChild(i: number): number {
    const left = 2 * i + 1;
    const right = left + 1;
    return right < this.#heap.length && this.#precedes(right, left) ? right : left;
  }

  #precedes(a: number, b: number): boolean {
    const { at, order } = this.#heap[a] as { at: number; order: number };
    const other = this.#heap[b] as { at: number; order: number };
    return at === other.at ? order < other.order : at < other.at;
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    [heap[a], heap[b]] = [heap[b] as (typeof heap)[number], heap[a] as (typeof heap)[number]];
  }
}
