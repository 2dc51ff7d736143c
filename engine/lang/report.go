package lang

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"

	"repro/cache/runs"
)

// defaultDigits is how many decimals a table shows: published tables have four.
const defaultDigits = 4

// reportAttrs are the attributes of a report block: what each is read as.
var reportAttrs = map[string]func(r *Report, v cty.Value) error{
	"title":     func(r *Report, v cty.Value) error { return setString(&r.Title, v) },
	"caption":   func(r *Report, v cty.Value) error { return setString(&r.Caption, v) },
	"from":      setSources,
	"rows":      func(r *Report, v cty.Value) error { return setStrings(&r.Rows, v) },
	"columns":   func(r *Report, v cty.Value) error { return setStrings(&r.Columns, v) },
	"average":   func(r *Report, v cty.Value) error { return setStrings(&r.Average, v) },
	"over":      func(r *Report, v cty.Value) error { return setString(&r.Over, v) },
	"where":     func(r *Report, v cty.Value) error { return setWhere(&r.Where, v) },
	"best":      setBest,
	"digits":    setDigits,
	"tolerance": setTolerance,
	"published": func(r *Report, v cty.Value) error {
		if v.IsNull() {
			return nil
		}
		return setString(&r.PublishedFile, v)
	},
	"published_where": func(r *Report, v cty.Value) error { return setWhere(&r.PublishedWhere, v) },
}

func (e *evaluator) evalReport(n *node) (*Report, hcl.Diagnostics) {
	r := &Report{Report: runs.Report{Name: n.ref.name, Title: n.ref.name, At: place(n.at), Digits: defaultDigits}, Range: n.at}
	diags := refuseBlocks(n.block.Body)
	diags = append(diags, e.readAttrs("A report", n.block, slices.Sorted(maps.Keys(reportAttrs)), func(attr *hclsyntax.Attribute, v cty.Value) error {
		return reportAttrs[attr.Name](r, v)
	})...)
	return r, append(diags, missingAttrs("A report", n.block, "from", "rows", "columns")...)
}

func setString(to *string, v cty.Value) error {
	s, err := convert.Convert(v, cty.String)
	if err != nil {
		return err
	}
	if s.IsNull() {
		return fmt.Errorf("null")
	}
	*to = s.AsString()
	return nil
}

func setStrings(to *[]string, v cty.Value) (err error) {
	*to, err = toStrings(v)
	return err
}

// setWhere reads { dimension = value } or { dimension = [values] }.
func setWhere(to *map[string][]string, v cty.Value) error {
	if v.IsNull() || (!v.Type().IsObjectType() && !v.Type().IsMapType()) {
		return fmt.Errorf("an object { dimension = values } is needed")
	}
	where := map[string][]string{}
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if !isList(value) {
			value = cty.TupleVal([]cty.Value{value})
		}
		values, err := toStrings(value)
		if err != nil {
			return fmt.Errorf("%s: %w", key.AsString(), err)
		}
		where[key.AsString()] = values
	}
	*to = where
	return nil
}

// setBest reads "max", "min" or { metric = "max" }.
func setBest(r *Report, v cty.Value) error {
	best := map[string]string{}
	if v.Type() == cty.String && !v.IsNull() {
		best[""] = v.AsString()
	} else {
		m, err := convert.Convert(v, cty.Map(cty.String))
		if err != nil {
			return err
		}
		if err := gocty.FromCtyValue(m, &best); err != nil {
			return err
		}
	}
	for _, which := range best {
		if which != "max" && which != "min" {
			return fmt.Errorf("%q is neither \"max\" nor \"min\"", which)
		}
	}
	r.Best = best
	return nil
}

// setTolerance reads 0.01 or { metric = 0.01 }.
func setTolerance(r *Report, v cty.Value) error {
	tolerance := map[string]float64{}
	if v.Type() == cty.Number && !v.IsNull() {
		v = cty.MapVal(map[string]cty.Value{"": v})
	}
	m, err := convert.Convert(v, cty.Map(cty.Number))
	if err != nil {
		return err
	}
	if err := gocty.FromCtyValue(m, &tolerance); err != nil {
		return err
	}
	for _, t := range tolerance {
		if t < 0 {
			return fmt.Errorf("%v is less than 0", t)
		}
	}
	r.Tolerance = tolerance
	return nil
}

func setDigits(r *Report, v cty.Value) error {
	if err := gocty.FromCtyValue(v, &r.Digits); err != nil {
		return err
	}
	if r.Digits < 0 || r.Digits > 15 {
		return fmt.Errorf("%d is not between 0 and 15", r.Digits)
	}
	return nil
}

// setSources reads an output or a list of outputs, nested or not.
func setSources(r *Report, v cty.Value) error {
	switch {
	case v.IsNull():
		return fmt.Errorf("null")
	case v.Type() == outputType:
		out := v.EncapsulatedValue().(*output)
		r.From = append(r.From, runs.Source{Stage: out.stage.Addr.String(), Port: out.port})
		return nil
	case isList(v):
		for it := v.ElementIterator(); it.Next(); {
			_, element := it.Element()
			if err := setSources(r, element); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("outputs of stages are needed, not %s", v.Type().FriendlyName())
	}
}
