import { testSequences } from './differential/compare-sequences.js';

testSequences(2_000);
