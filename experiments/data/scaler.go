package data

import "math"

// Scaler maps columns to mean 0 and standard deviation 1: z = (x − Mean)/Std, column by column. It is stored with the
// model. The zero value changes nothing. Transform records what was applied to the raw columns before ("none" or "log").
type Scaler struct {
	Transform string    `json:"transform"`
	Mean      []float64 `json:"mean,omitempty"`
	Std       []float64 `json:"std,omitempty"`
}

// FitScaler computes mean and standard deviation (over n, not n − 1) of the given rows of x, N×dim; nil rows: all.
// NaN entries are left out; a column without spread keeps the scale 1.
func FitScaler(x []float64, dim int, rows []int) Scaler {
	if rows == nil {
		rows = make([]int, len(x)/dim)
		for i := range rows {
			rows[i] = i
		}
	}
	s := Scaler{Transform: "none", Mean: make([]float64, dim), Std: make([]float64, dim)}
	for i := range dim {
		n, sum := 0, 0.0
		for _, k := range rows {
			if v := x[k*dim+i]; !math.IsNaN(v) {
				n++
				sum += v
			}
		}
		s.Std[i] = 1
		if n == 0 {
			continue
		}
		mean := sum / float64(n)
		sq := 0.0
		for _, k := range rows {
			if v := x[k*dim+i]; !math.IsNaN(v) {
				sq += (v - mean) * (v - mean)
			}
		}
		s.Mean[i] = mean
		if sd := math.Sqrt(sq / float64(n)); sd > 1e-12*math.Abs(mean) && sd > 0 && !math.IsInf(sd, 0) {
			s.Std[i] = sd
		}
	}
	return s
}

// Apply scales rows of x in place; len(x) is a multiple of the number of columns.
func (s Scaler) Apply(x []float64) {
	for i := range x {
		if d := len(s.Mean); d > 0 {
			x[i] = (x[i] - s.Mean[i%d]) / s.Std[i%d]
		}
	}
}

// Invert undoes Apply in place. It does not undo Transform: see InvertAll.
func (s Scaler) Invert(x []float64) {
	for i := range x {
		if d := len(s.Mean); d > 0 {
			x[i] = x[i]*s.Std[i%d] + s.Mean[i%d]
		}
	}
}

// InvertAll undoes Apply and then Transform in place: back to the units of the file.
func (s Scaler) InvertAll(x []float64) {
	s.Invert(x)
	if s.Transform == "log" {
		for i := range x {
			x[i] = math.Exp(x[i])
		}
	}
}
