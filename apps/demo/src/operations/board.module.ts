import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { BullBoardModule, type BullBoardModuleOptions } from '@bull-board/nestjs';
import { Module } from '@nestjs/common';
import { QUEUES } from '../job-scheduler.options.js';
import { NewsroomConfig } from '../newsroom.config.js';
import { boardAccess } from './board-access.js';

/** Where Bull Board stands. */
export const BOARD = '/board';

/** Bull Board on the newsroom's queues, for operators. */
@Module({
  imports: [
    BullBoardModule.forRootAsync({
      inject: [NewsroomConfig],
      useFactory: ({ operatorToken }: NewsroomConfig) => ({
        route: BOARD,
        // The types of two patch versions of one package differ.
        adapter: ExpressAdapter as unknown as BullBoardModuleOptions['adapter'],
        middleware: boardAccess(operatorToken),
      }),
    }),
    BullBoardModule.forFeature(...Object.keys(QUEUES).map((name) => ({ name, adapter: BullMQAdapter }))),
  ],
})
export class BoardModule {}
