// Package sheet renders the institution's forms and tables: as PDF on A4, as a workbook (XLSX), and as CSV in UTF-8 or CP932 within an
// archive.
//
// A Sheet is one form with its values. Each value has a form for machines and one for people in both languages, and stands in the Sheet once:
// print page, PDF, workbook and CSV read the same Sheet. The rows of a table may come one by one (Table.Rows); workbook and CSV then
// hold one row at a time in memory. A PDF is laid out whole, so it takes at most MostOnPaper rows.
//
// The package asks no one for a right and reads no store: broker/view fills the sheets and writes the entry about an export before the first
// byte. Text of strangers is data here, never a formula, a control character or a line of its own.
package sheet
