package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	badger "github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// index is the Badger database of a store.
type index struct {
	dir  string
	db   *badger.DB
	warn func(string)

	allocated map[string]bool // logs that have all of their blocks; only write uses it

	// mu is held for reading while db is used: closing unmaps what is being read.
	mu     sync.RWMutex
	closed bool

	// A run that finds everything done reads tens of thousands of rows and
	// nothing else. One by one Badger gives them in 6 µs each, in one sweep in
	// less than 1 µs. So after some reads all rows but the bytes of small blobs
	// are held in memory, unless there are too many.
	reads atomic.Int64
	rows  map[string][]byte // nil until then
}

const (
	sweepAfter = 256     // reads
	sweepMost  = 1 << 17 // rows; they take about 200 bytes of memory each
)

// openIndex opens the database in dir. It is tuned for few, small rows and a
// quick start: small memory tables bound what has to be replayed after a crash
// and what is held in memory, and nothing is compressed, so that reads need no
// cache. Badger's own check of what it reads is off: it ends the process where
// a damaged row has to be a row that is not there (see unseal).
func openIndex(dir string, warn func(string)) (*index, error) {
	if err := removeEmptyLogs(dir); err != nil {
		return nil, err
	}
	// A process that ends within a second leaves a table and no time to merge
	// it with others. After many such, one has to take the time.
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return nil, err
	}
	o := indexOptions(dir, warn)
	o.CompactL0OnClose = len(tables) > 32
	db, err := badger.Open(o)
	if err != nil {
		return nil, fmt.Errorf("open the index %s (removing that folder empties the cache and makes it usable again): %w", dir, err)
	}
	return &index{dir: dir, db: db, warn: warn, allocated: map[string]bool{}}, nil
}

func indexOptions(dir string, warn func(string)) badger.Options {
	o := badger.DefaultOptions(dir)
	o.Logger = logger{warn}
	o.MetricsEnabled = false
	o.DetectConflicts = false // one goroutine writes
	o.BypassLockGuard = true  // the owner file is the lock, also where folders cannot be locked
	o.NumGoroutines = 2
	o.Compression = options.None
	o.BlockCacheSize = 0
	o.ChecksumVerificationMode = options.NoVerification
	o.MemTableSize = 4 << 20
	o.NumMemtables = 2
	o.NumCompactors = 2
	o.ValueThreshold = 512 << 10 // keeps all rows out of the value log, which would need collecting
	o.ValueLogFileSize = 1 << 20
	// Each transaction is synced when it commits. Syncing once after several of
	// them would miss those in a memory table that was full in between.
	o.SyncWrites = true
	return o
}

// removeEmptyLogs removes logs that a process was killed in the middle of
// making: they hold nothing yet, and Badger refuses to open with one.
func removeEmptyLogs(dir string) error {
	for _, pattern := range []string{"*.mem", "*.vlog"} {
		logs, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, name := range logs {
			if info, err := os.Stat(name); err == nil && info.Size() == 0 {
				if err := os.Remove(name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (x *index) close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	return x.db.Close()
}

// view calls read with a function that returns the value of a committed row,
// which must not be changed, and whether there is one.
func (x *index) view(read func(get func(key string) ([]byte, bool, error)) error) error {
	if x.reads.Add(1) == sweepAfter {
		if err := x.sweep(); err != nil {
			return err
		}
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return fmt.Errorf("cache index %s: %w", x.dir, fs.ErrClosed)
	}
	var txn *badger.Txn // made when needed: it costs more than a row in memory
	defer func() {
		if txn != nil {
			txn.Discard()
		}
	}()
	return read(func(key string) ([]byte, bool, error) {
		if x.rows != nil && key[0] != classBytes {
			value, ok := x.rows[key]
			return value, ok, nil
		}
		if txn == nil {
			txn = x.db.NewTransaction(false)
		}
		return x.get(txn, key)
	})
}

// sweep reads the rows that are held in memory.
func (x *index) sweep() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil
	}
	var count uint32
	for _, table := range x.db.Tables() {
		count += table.KeyCount
	}
	if count > sweepMost {
		return nil
	}
	rows := make(map[string][]byte, count)
	err := x.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		for it.Seek([]byte{classBytes + 1}); it.Valid(); it.Next() {
			sealed, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			key := string(it.Item().Key())
			if value, ok := x.unseal(key, sealed); ok {
				rows[key] = value
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read cache index %s: %w", x.dir, err)
	}
	x.rows = rows
	return nil
}

// remember keeps the rows in memory what they are in the database.
func (x *index) remember(rows []row) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.rows == nil {
		return
	}
	for _, r := range rows {
		switch {
		case r.key[0] == classBytes:
		case r.gone:
			delete(x.rows, r.key)
		default:
			x.rows[r.key] = r.value
		}
	}
}

func (x *index) get(txn *badger.Txn, key string) ([]byte, bool, error) {
	item, err := txn.Get([]byte(key))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read cache index %s: %w", x.dir, err)
	}
	sealed, err := item.ValueCopy(nil)
	if err != nil {
		return nil, false, fmt.Errorf("read cache index %s: %w", x.dir, err)
	}
	value, ok := x.unseal(key, sealed)
	return value, ok, nil
}

// write commits rows in their order and returns once they are durable. More
// rows than fit into one transaction are split; what is written when one fails
// is a prefix of rows.
func (x *index) write(rows []row) error {
	if err := x.allocateLogs(); err != nil {
		return fmt.Errorf("write cache index %s: %w", x.dir, err)
	}
	txn := x.db.NewTransaction(true)
	defer func() { txn.Discard() }()
	for _, r := range rows {
		err := set(txn, r)
		if errors.Is(err, badger.ErrTxnTooBig) {
			if err := txn.Commit(); err != nil {
				return fmt.Errorf("write cache index %s: %w", x.dir, err)
			}
			txn = x.db.NewTransaction(true)
			err = set(txn, r)
		}
		if err != nil {
			return fmt.Errorf("write cache index %s: %w", x.dir, err)
		}
	}
	if err := txn.Commit(); err != nil {
		return fmt.Errorf("write cache index %s: %w", x.dir, err)
	}
	// A log that Badger began for these rows is durable only with its name.
	if err := syncFolder(x.dir); err != nil {
		return err
	}
	x.remember(rows)
	return nil
}

// allocateLogs gives Badger's logs all of their blocks. They are sparse files
// that are written through memory maps: if somebody else takes the last of the
// disk meanwhile, writing to a block that is not there yet ends the process.
func (x *index) allocateLogs() error {
	logs, err := filepath.Glob(filepath.Join(x.dir, "*.mem"))
	if err != nil {
		return err
	}
	for _, name := range logs {
		if x.allocated[name] {
			continue
		}
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // written to a table and removed since
		}
		if err != nil {
			return err
		}
		info, err := f.Stat()
		// One without a size has only been made, or is about to be removed.
		begun := err == nil && info.Size() > 0
		if begun {
			err = allocate(f, info.Size())
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		x.allocated[name] = begun
	}
	return nil
}

func set(txn *badger.Txn, r row) error {
	if r.gone {
		return txn.Delete([]byte(r.key))
	}
	return txn.Set([]byte(r.key), seal(r))
}

// seal returns what is stored for a row: a checksum of its key and value, then
// the value.
func seal(r row) []byte {
	sealed := make([]byte, sealSize, sealSize+len(r.value))
	binary.LittleEndian.PutUint32(sealed, checksum(r.key, r.value))
	return append(sealed, r.value...)
}

// unseal returns the value in what seal made. A row that was damaged on disk
// is not there: what needs it is made again and its row written anew.
func (x *index) unseal(key string, sealed []byte) ([]byte, bool) {
	if len(sealed) >= sealSize {
		value := sealed[sealSize:]
		if binary.LittleEndian.Uint32(sealed) == checksum(key, value) {
			return value, true
		}
	}
	x.warn("index: a damaged row was found and is ignored; what needs it is made again")
	return nil, false
}

const sealSize = 4 // bytes

func checksum(key string, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum([]byte(key), table), table, value)
}
