package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// confidence is the level of all intervals.
const confidence = 0.95

// groups splits records by the value of a dimension, in order of appearance.
func groups(records []Record, dim string) [][]Record {
	var split [][]Record
	index := map[string]int{}
	for _, r := range records {
		value := r.Dim(dim)
		i, ok := index[value]
		if !ok {
			i = len(split)
			index[value] = i
			split = append(split, nil)
		}
		split[i] = append(split[i], r)
	}
	return split
}

// average returns the unweighted mean over the dimensions, the last one
// innermost. Records that still share a place are an *ambiguousError.
func average(records []Record, dims []string) (float64, error) {
	if len(dims) == 0 {
		if len(records) > 1 {
			return 0, &ambiguousError{records: records}
		}
		return records[0].Value, nil
	}
	split := groups(records, dims[0])
	sum := 0.0
	for _, group := range split {
		value, err := average(group, dims[1:])
		if err != nil {
			return 0, err
		}
		sum += value
	}
	return sum / float64(len(split)), nil
}

// ambiguousError says that several records claim one place.
type ambiguousError struct{ records []Record }

// Error names the dimensions that tell the records apart.
func (e *ambiguousError) Error() string {
	var differ []string
	for _, dim := range dimensions(e.records) {
		if split := groups(e.records, dim); len(split) > 1 {
			differ = append(differ, fmt.Sprintf("%s (%q, %q …)", dim, split[0][0].Dim(dim), split[1][0].Dim(dim)))
		}
	}
	if len(differ) == 0 {
		return fmt.Sprintf("%d records are the same in all dimensions: give each of them once", len(e.records))
	}
	return fmt.Sprintf("%d records differ only in %s", len(e.records), strings.Join(differ, " and "))
}

// dimensions returns the names of all dimensions of the records, sorted.
func dimensions(records []Record) []string {
	names := map[string]bool{}
	for _, r := range records {
		names[MetricDim] = true
		for name := range r.Dims {
			names[name] = true
		}
	}
	return sortedKeys(names)
}

// interval returns the confidence interval of the mean by Student's t, mean ±
// t_{n−1} s/√n, and nil for fewer than two values.
func interval(values []float64) *Interval {
	n := float64(len(values))
	if n < 2 {
		return nil
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile((1 + confidence) / 2)
	half := t * deviation / math.Sqrt(n)
	return &Interval{Lo: mean - half, Hi: mean + half}
}

// Keys returns the combinations of values that occur, ordered by each
// dimension's values in order of first appearance, the first dimension first:
// equal values of an outer dimension stay together.
func Keys(records []Record, dims []string) []Key {
	rank := make([]map[string]int, len(dims))
	for i, dim := range dims {
		rank[i] = map[string]int{}
		for _, group := range groups(records, dim) {
			rank[i][group[0].Dim(dim)] = len(rank[i])
		}
	}
	var all []Key
	seen := map[string]bool{}
	for _, r := range records {
		key := keyOf(&r, dims)
		if id := key.ID(); !seen[id] {
			seen[id] = true
			all = append(all, key)
		}
	}
	slices.SortFunc(all, func(a, b Key) int {
		for i := range dims {
			if c := rank[i][a[i]] - rank[i][b[i]]; c != 0 {
				return c
			}
		}
		return 0
	})
	return all
}

func keyOf(r *Record, dims []string) Key {
	key := make(Key, len(dims))
	for i, dim := range dims {
		key[i] = r.Dim(dim)
	}
	return key
}

// ID returns a string that no other key has.
func (k Key) ID() string { return fmt.Sprintf("%q", []string(k)) }
