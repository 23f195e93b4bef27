import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { NewsroomConfig } from '../newsroom.config.js';
import { CHALLENGE, isOperator, type Visit } from './operator.js';

/** Lets operators in, and nobody else. */
@Injectable()
export class OperatorGuard implements CanActivate {
  constructor(private readonly config: NewsroomConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    if (isOperator(http.getRequest<Visit>(), this.config.operatorToken)) return true;
    http.getResponse<{ setHeader(name: string, value: string): void }>().setHeader('WWW-Authenticate', CHALLENGE);
    throw new UnauthorizedException('This is for operators: send the token.');
  }
}
