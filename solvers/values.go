package solvers

// Right-hand sides of two, three and four unknowns by value: they take time and unknowns and return the derivatives. Their numbers travel
// in registers, where those of a Func go through memory, which for a right-hand side of a few operations takes as long as it does itself.
type (
	Func2 = func(t, x, y float64) (dx, dy float64)
	Func3 = func(t, x, y, z float64) (dx, dy, dz float64)
	Func4 = func(t, x, y, z, w float64) (dx, dy, dz, dw float64)
)

// Values is a right-hand side by value: one of its fields. The zero value is none.
type Values struct {
	F2 Func2
	F3 Func3
	F4 Func4
}

// ByValue is implemented by Steppers that work faster with a right-hand side by value.
type ByValue interface {
	// SetValues gives the function of Begin by value, too; the zero value takes it away. It panics where the number of unknowns is not the
	// Stepper's.
	SetValues(v Values)
}

// Len is the number of unknowns; zero: none is given.
func (v Values) Len() int {
	switch {
	case v.F2 != nil:
		return 2
	case v.F3 != nil:
		return 3
	case v.F4 != nil:
		return 4
	}
	return 0
}

// Func is the same right-hand side on slices; nil where none is given.
func (v Values) Func() Func {
	switch {
	case v.F2 != nil:
		return func(dx []float64, t float64, x []float64) { dx[0], dx[1] = v.F2(t, x[0], x[1]) }
	case v.F3 != nil:
		return func(dx []float64, t float64, x []float64) { dx[0], dx[1], dx[2] = v.F3(t, x[0], x[1], x[2]) }
	case v.F4 != nil:
		return func(dx []float64, t float64, x []float64) {
			dx[0], dx[1], dx[2], dx[3] = v.F4(t, x[0], x[1], x[2], x[3])
		}
	}
	return nil
}
