/** Why a data directory is not opened, as one sentence for the person who starts the node. */
import type { DatabaseError } from '../../storage/database-error.ts'
import type { SchemaError } from '../../storage/schema.ts'

export function describeDatabaseError(error: DatabaseError): string {
  switch (error.code) {
    case 'DATABASE_LOCKED':
      return `The database ${error.location} is in use by another process: stop it, or choose another --datadir.`
    case 'DATABASE_CORRUPT':
      return `The database ${error.location} is damaged (${error.cause}): import into another --datadir.`
    case 'DATABASE_FULL':
      return `The disk of the database ${error.location} is full: ${error.cause}`
    case 'DATABASE_IO':
      return `The database ${error.location} cannot be opened: ${error.cause}`
    case 'DATABASE_CLOSED':
      return `The database ${error.location} was closed while it was being opened.`
  }
}

/** @param directory what `--datadir` would name. */
export function describeSchemaError(error: SchemaError, directory: string): string {
  switch (error.code) {
    case 'SCHEMA_NEWER':
      return (
        `The data directory ${directory} was written by a newer version (schema ${error.stored}, this one knows ` +
        `${error.known}): use that version, or choose another --datadir.`
      )
    case 'SCHEMA_OLDER':
      return (
        `The data directory ${directory} was written by an older version (schema ${error.stored}, this one needs ` +
        `${error.known}): import the chain into another --datadir.`
      )
    case 'SCHEMA_MISSING':
      return `The database in ${directory} was not written by this program: choose another --datadir.`
    case 'SCHEMA_DATABASE':
      return describeDatabaseError(error.cause)
  }
}
