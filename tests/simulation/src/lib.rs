//! Nothing but tests: the bundled team and one that does everything, each under many seeds; and the rules
//! of ownership, each as a story of its own.
