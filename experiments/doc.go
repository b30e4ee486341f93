// Package experiments is the upper floor of the house, in its subfolders: the command costate, tasks, data, run directories
// and reports. The tests here run what README.md and docs say.
package experiments
