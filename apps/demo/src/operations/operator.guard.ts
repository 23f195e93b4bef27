import {
  ForbiddenException,
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { NewsroomConfig } from '../newsroom.config.js';
import { CHALLENGE, forgery, isOperator, type Visit } from './operator.js';

/** Lets operators in, and nobody else. */
@Injectable()
export class OperatorGuard implements CanActivate {
  constructor(private readonly config: NewsroomConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const visit = http.getRequest<Visit>();
    const forged = forgery(visit, this.config.operatorToken);
    if (forged !== undefined) throw new ForbiddenException(forged);
    if (isOperator(visit, this.config.operatorToken)) return true;
    http.getResponse<{ setHeader(name: string, value: string): void }>().setHeader('WWW-Authenticate', CHALLENGE);
    throw new UnauthorizedException('This is for operators: send the token.');
  }
}
