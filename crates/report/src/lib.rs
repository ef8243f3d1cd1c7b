//! Figures, tables and one HTML file from a store of records
