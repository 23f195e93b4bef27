import { testSequences } from './differential/compare-sequences.js';

// Of the 2,000 of the long suite.
testSequences(150);
