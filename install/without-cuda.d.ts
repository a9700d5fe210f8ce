export declare function standIn(metadata: string, platform: string): string[]
