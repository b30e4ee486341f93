package solvers

// plan is what all Steppers of a tableau share: its sums without their zeros, one after the other, and what rounding
// took from the coefficients of the continuous extension.
type plan struct {
	coefficients []float64 // of all terms, after some for padding
	stages       []int     // of all terms
	low          []float64 // of all terms, where the extension needs it; else nil

	rows            []planned // states at the stages 2 …, without x⁺
	weights         planned   // x⁺
	errors, errors2 planned
	extra           []planned // states at the further stages of the continuous extension
	dense           []planned // one per power of σ
	end             int       // the stage that holds f(t + h, x⁺)
	count           int       // of stages, those of the extension and f(t + h, x⁺) included
}

// planned is a sum: the terms in [end − count, end).
type planned struct {
	end, count int
	c          float64 // abscissa of the stage, where the sum is the state at one
	k          int     // the stage
}

// tail is the number of terms of a sum that are written out for few unknowns, and so many come before the first.
const tail = 8

func newPlan(tab *Tableau) *plan {
	s := tab.Stages()
	p := &plan{end: s, coefficients: make([]float64, tail), stages: make([]int, tail)}
	if tab.FSAL {
		p.end = s - 1
	}
	p.count = p.end + 1 + len(tab.DenseC)
	denseLow := tab.denseLow()
	if denseLow != nil {
		p.low = make([]float64, tail)
	}
	add := func(row, low []float64) planned {
		n := len(p.stages)
		for j, a := range row {
			if a == 0 {
				continue
			}
			p.coefficients = append(p.coefficients, a)
			p.stages = append(p.stages, j)
			switch {
			case low != nil:
				p.low = append(p.low, low[j])
			case p.low != nil:
				p.low = append(p.low, 0)
			}
		}
		return planned{end: len(p.stages), count: len(p.stages) - n}
	}
	for i := 1; i < s && i != p.end; i++ {
		row := add(tab.A[i], nil)
		row.c, row.k = tab.C[i], i
		p.rows = append(p.rows, row)
	}
	p.weights, p.errors, p.errors2 = add(tab.B, nil), add(tab.E, nil), add(tab.E2, nil)
	for i, row := range tab.DenseA {
		sum := add(row, nil)
		sum.c, sum.k = tab.DenseC[i], p.end+1+i
		p.extra = append(p.extra, sum)
	}
	for m := range tab.Dense[0] {
		column := make([]float64, len(tab.Dense))
		for i := range column {
			column[i] = tab.Dense[i][m]
		}
		var low []float64
		if denseLow != nil {
			low = denseLow[m]
		}
		p.dense = append(p.dense, add(column, low))
	}
	return p
}
