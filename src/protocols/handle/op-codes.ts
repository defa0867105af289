/** RFC 3652 §2.2.2.1; 1000 and above are Handle.Net's and the national SDKs'. */
export const opCodes = {
  RESOLUTION: 1,
  GET_SITEINFO: 2,
  CREATE_HANDLE: 100,
  DELETE_HANDLE: 101,
  ADD_VALUE: 102,
  REMOVE_VALUE: 103,
  MODIFY_VALUE: 104,
  LIST_HANDLE: 105,
  LIST_NA: 106,
  CHALLENGE_RESPONSE: 200,
  VERIFY_RESPONSE: 201,
  HOME_NA: 300,
  UNHOME_NA: 301,
  LIST_HOMED_NA: 302,
  SESSION_SETUP: 400,
  SESSION_TERMINATE: 401,
  SESSION_EXCHANGEKEY: 402,
  NEXT_TXN_ID: 1000,
  RETRIEVE_TXN_LOG: 1001,
  DUMP_HANDLES: 1002,
  BACKUP_SERVER: 1003,
  /** ID-SDK: user name and password in clear text. */
  LOGIN_PASSWORD: 2000,
  /** Both national SDKs: login of the connection with a key. */
  LOGIN_KEY: 2001,
} as const
