//! Linear and mixed-integer formulations over HiGHS, microlp and minilp
