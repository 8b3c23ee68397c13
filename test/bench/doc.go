// Command bench measures how fast the built bot is, beside what people would use instead, and writes plain tables.
// docs/performance.md says what the numbers mean.
package main
