export * from "react-dom/server"
