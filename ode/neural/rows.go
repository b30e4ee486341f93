package neural

// rowsWork is the workspace of a Jacobian in the parameters that is made of products, one for each sample and output.
type rowsWork struct {
	x, p []float64 // one sample
	time []float64
}

func newRowsWork(d int) rowsWork {
	return rowsWork{x: make([]float64, d), p: make([]float64, d), time: make([]float64, 1)}
}

// jacobian stores ∂f_i(x_s)/∂θ_j in jac[(i*B+s)*P+j] by the products of an evaluator with one sample.
func (w *rowsWork) jacobian(jac []float64, ev Evaluator, params int, times []float64, lo int, t float64, x []float64) {
	d := len(w.x)
	n := len(x) / d
	if len(jac) != len(x)*params {
		panic(badJacobian)
	}
	timed, _ := ev.(TimeBatch)
	sampled, _ := ev.(SampleBatch)
	for s := range n {
		for i := range d {
			w.x[i] = x[i*n+s]
		}
		if times != nil {
			w.time[0] = times[s]
			timed.SetTimes(w.time)
		}
		if sampled != nil {
			sampled.SetSamples(lo + s)
		}
		for i := range d {
			row := jac[(i*n+s)*params:][:params]
			clear(row)
			w.p[i] = 1
			ev.VJP(nil, row, t, w.x, w.p)
			w.p[i] = 0
		}
	}
	if times != nil {
		timed.SetTimes(times)
	}
	if sampled != nil {
		sampled.SetSamples(lo)
	}
}
