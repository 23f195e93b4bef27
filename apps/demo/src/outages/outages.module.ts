import { Global, Module } from '@nestjs/common';
import { Outages } from './outages.js';

@Global()
@Module({ providers: [Outages], exports: [Outages] })
export class OutagesModule {}
