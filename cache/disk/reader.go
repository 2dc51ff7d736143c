package disk

// reader sees the newest rows, durable or not.
type reader struct {
	queue     *queue
	groups    [2]*group // newest first
	committed func(key string) ([]byte, bool, error)
}

// read calls see with a reader that is valid until see returns.
func (s *Store) read(see func(reader) error) error {
	r := reader{queue: s.queue}
	// The groups are taken first: rows that leave the queue after this are
	// found in the groups, rows that left it before are found in the index.
	s.queue.mu.RLock()
	r.groups = [2]*group{s.queue.filling, s.queue.writing}
	s.queue.mu.RUnlock()
	return s.index.view(func(get func(string) ([]byte, bool, error)) error {
		r.committed = get
		return see(r)
	})
}

// get returns the value of a row, which must not be changed, and whether there
// is such a row.
func (r reader) get(key string) ([]byte, bool, error) {
	r.queue.mu.RLock()
	for _, g := range r.groups {
		if g == nil {
			continue
		}
		if row, ok := g.rows[key]; ok {
			r.queue.mu.RUnlock()
			return row.value, !row.gone, nil
		}
	}
	r.queue.mu.RUnlock()
	return r.committed(key)
}

// get is reader.get for a single row.
func (s *Store) get(key string) (value []byte, ok bool, err error) {
	err = s.read(func(r reader) error {
		value, ok, err = r.get(key)
		return err
	})
	return value, ok, err
}
