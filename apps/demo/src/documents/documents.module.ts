import { Global, Module } from '@nestjs/common';
import { DocumentStore } from './document-store.js';

@Global()
@Module({ providers: [DocumentStore], exports: [DocumentStore] })
export class DocumentsModule {}
