/** A browser's storage, in memory. */
export const storageOf = (data = new Map<string, string>()): Storage => ({
  get length() {
    return data.size
  },
  clear: () => data.clear(),
  getItem: (key) => data.get(key) ?? null,
  key: (index) => [...data.keys()][index] ?? null,
  removeItem: (key) => void data.delete(key),
  setItem: (key, value) => void data.set(key, value)
})
