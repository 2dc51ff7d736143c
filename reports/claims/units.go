package claims

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"repro/reports"
	"repro/reports/stats"
)

// byDimension pairs cells over the values of a dimension that the report
// averages over, such as the query language.
type byDimension struct {
	*judge
	numbers *numbers
	name    string
	table   *reports.Table // with the dimension as the last of its rows; built once
}

func (d *byDimension) test(p *pending, subject, against spot) (err error) {
	if d.name == "" {
		return nil
	}
	if d.table == nil {
		if d.table, err = d.numbers.table(d.ctx, d.name); err != nil {
			return err
		}
	}
	is, than := d.values(subject), d.values(against)
	var differences []float64
	for _, row := range d.table.Rows { // in an order that does not change
		value := row[len(row)-1]
		a, ok1 := is[value]
		b, ok2 := than[value]
		if ok1 && ok2 && slices.Equal(row[:len(row)-1], subject.row) {
			differences = append(differences, a-b-p.needed)
		}
	}
	p.Units, p.Unit = len(differences), d.name
	least := 0.0
	if d.numbers.snapshot == nil {
		if len(differences) < fewest {
			p.note(fmt.Sprintf("%d of %s are too few to tell it from noise by", len(differences), d.name))
			return nil
		}
		least = d.numbers.halfUnit(subject.cell.Metric)
	}
	e := stats.RoundedPairedT(differences, least, 1-p.Level)
	p.add("Student's t over "+d.name, e.P, e.Lo+p.needed, e.Hi+p.needed)
	return nil
}

// fewest is how many pairs of published numbers are tested: of two or three
// that were rounded Student's t says more than they can tell.
const fewest = 4

// halfUnit returns half a unit of the last digit that the values of a metric
// were published with.
func (n *numbers) halfUnit(metric string) float64 {
	digits := 0
	for _, r := range n.records {
		if r.Metric == metric {
			_, decimals, _ := strings.Cut(strconv.FormatFloat(r.Value, 'f', -1, 64), ".")
			digits = max(digits, len(decimals))
		}
	}
	return 0.5 * math.Pow10(-digits)
}

// values returns the value of a cell for each value of the dimension.
func (d *byDimension) values(at spot) map[string]float64 {
	values := map[string]float64{}
	column := slices.IndexFunc(d.table.Columns, func(k reports.Key) bool { return slices.Equal(k, at.column) })
	for i, row := range d.table.Rows {
		last := len(row) - 1
		if column >= 0 && slices.Equal(row[:last], at.row) && !d.table.Cells[i][column].Missing() {
			values[row[last]] = d.table.Cells[i][column].Mean
		}
	}
	return values
}
