import { Module } from '@nestjs/common';
import { BackupStorage } from './backup-storage.js';
import { BackupDocuments } from './backup.job.js';

@Module({ providers: [BackupStorage, BackupDocuments] })
export class BackupModule {}
