import { Module } from '@nestjs/common';
import { WriteDigest } from './digest.job.js';

@Module({ providers: [WriteDigest] })
export class DigestModule {}
